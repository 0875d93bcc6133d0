import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import { type Decision, DecisionForm } from "./decision-form.tsx";
import { LongText } from "./long-text.tsx";
import { texts } from "./texts.ts";
import { type BothSides, type Conflict, get, post } from "./till-api.ts";
import { roundSoon } from "./till-store.ts";
import { When } from "./when.tsx";

interface ConflictItemProps {
  readonly conflict: Conflict;
  /** Head office does not answer: it can be looked at, not decided. */
  readonly isOffline: boolean;
}

/** One conflict; opened, both versions field by field and what to do about them. */
export function ConflictItem({ conflict, isOffline }: ConflictItemProps) {
  const [both, setBoth] = useState<BothSides | null>(null);
  const [said, setSaid] = useState("");
  const path = `/api/conflicts/${encodeURIComponent(String(conflict.id))}`;

  async function open() {
    const answer = await get<BothSides>(path);
    setSaid(answer.ok ? "" : answer.message);
    if (answer.ok) setBoth(answer.data);
  }

  async function decide(decision: Decision) {
    const answer = await post(`${path}/resolve`, decision);
    setSaid(answer.ok ? texts.conflictDecided : answer.message);
    if (answer.ok) setBoth(null);
    roundSoon();
  }

  return (
    <>
      <p className="line-head">
        <span className="id">{conflict.entityId}</span>
        <span className="quiet">{texts.conflictKinds[conflict.entityType] ?? conflict.entityType}</span>
        <Badge variant="default" size="lg" className="badge">
          {texts.conflictWhys[conflict.resolution] ?? conflict.resolution}
        </Badge>
      </p>
      <p className="quiet">
        {texts.conflictFound} <When at={conflict.createdAt} />
        {` · ${texts.conflictBetween(nameOf(conflict.local), nameOf(conflict.remote))}`}
      </p>
      {typeof conflict.message === "string" && <LongText>{conflict.message}</LongText>}
      {both === null ? (
        <div className="row">
          <Button size="md" variant="default" onClick={() => void open()}>
            {texts.conflictCompare}
          </Button>
        </div>
      ) : (
        <DecisionForm both={both} isOffline={isOffline} onDecide={decide} onClose={() => setBoth(null)} />
      )}
      <div role="status">{said !== "" && <LongText>{said}</LongText>}</div>
    </>
  );
}

function nameOf(side: Conflict["local"]): string {
  return side === null ? texts.conflictHeadOffice : (side.shortId ?? texts.conflictThere);
}
