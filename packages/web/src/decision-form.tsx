import { Button, Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import { texts } from "./texts.ts";
import type { BothSides } from "./till-api.ts";

export interface Decision {
  readonly keep: "mine" | "theirs" | "merge";
  readonly fields?: readonly string[];
  readonly actor: string;
  readonly reason: string;
}

interface DecisionFormProps {
  readonly both: BothSides;
  readonly isOffline: boolean;
  readonly onDecide: (decision: Decision) => Promise<void>;
  readonly onClose: () => void;
}

/** Both versions field by field, and which of them stands from now on; in its place in the list. */
export function DecisionForm({ both, isOffline, onDecide, onClose }: DecisionFormProps) {
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set());
  const [actor, setActor] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const fields = differing(both);

  function decide(keep: Decision["keep"]) {
    setTried(true);
    const who = { actor: actor.trim(), reason: reason.trim() };
    if (who.actor === "" || who.reason === "") return;
    void onDecide({ keep, ...(keep === "merge" ? { fields: [...taken] } : {}), ...who });
  }

  function toggle(name: string) {
    const next = new Set(taken);
    if (!next.delete(name)) next.add(name);
    setTaken(next);
  }

  return (
    <div className="discard">
      <Sides fields={fields} taken={taken} onToggle={toggle} />
      {isOffline && <p className="quiet">{texts.conflictOffline}</p>}
      <TextInput
        size="md"
        label={texts.discardOperator}
        maxLength={64}
        value={actor}
        error={tried && actor.trim() === "" ? texts.fill : undefined}
        onChange={(event) => setActor(event.currentTarget.value)}
      />
      <TextInput
        size="md"
        label={texts.discardReason}
        maxLength={256}
        value={reason}
        error={tried && reason.trim() === "" ? texts.fill : undefined}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row">
        <Button size="md" disabled={isOffline} onClick={() => decide("mine")}>
          {texts.keepMine}
        </Button>
        <Button size="md" variant="default" disabled={isOffline} onClick={() => decide("theirs")}>
          {texts.keepTheirs}
        </Button>
        <Button size="md" variant="default" disabled={isOffline || taken.size === 0} onClick={() => decide("merge")}>
          {texts.keepMerged}
        </Button>
        <Button size="md" variant="default" onClick={onClose}>
          {texts.conflictClose}
        </Button>
      </div>
    </div>
  );
}

interface Difference {
  readonly name: string;
  readonly mine: string;
  readonly theirs: string;
}

interface SidesProps {
  readonly fields: readonly Difference[];
  readonly taken: ReadonlySet<string>;
  readonly onToggle: (name: string) => void;
}

function Sides({ fields, taken, onToggle }: SidesProps) {
  return (
    // A table that is too wide for its place is moved with the arrow keys, too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="sides" tabIndex={0} aria-label={texts.conflictSides}>
      <table>
        <thead>
          <tr>
            <th scope="col">{texts.conflictField}</th>
            <th scope="col">{texts.conflictMine}</th>
            <th scope="col">{texts.conflictTheirs}</th>
            <th scope="col">{texts.conflictTake}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, mine, theirs }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{mine}</td>
              <td>{theirs}</td>
              <td>
                <Checkbox
                  size="md"
                  aria-label={texts.conflictTakeField(name)}
                  checked={taken.has(name)}
                  onChange={() => onToggle(name)}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The fields that are not the same on both sides. */
function differing({ localData, remoteData }: BothSides): Difference[] {
  const names = new Set([...Object.keys(localData ?? {}), ...Object.keys(remoteData ?? {})]);
  const all = [...names].map((name) => ({ name, mine: shown(localData?.[name]), theirs: shown(remoteData?.[name]) }));
  return all.filter(({ mine, theirs }) => mine !== theirs);
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value);
}
