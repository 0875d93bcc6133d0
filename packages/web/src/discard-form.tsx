import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { texts } from "./texts.ts";

interface DiscardFormProps {
  readonly onDiscard: (body: { readonly operator: string; readonly reason: string }) => Promise<void>;
  readonly onKeep: () => void;
}

/** What the till takes: `POST /api/queue/{id}/discard`. */
const [MAX_OPERATOR, MAX_REASON] = [64, 256];

/** Who discards something, and why; in its place in the list, so that nothing is covered. */
export function DiscardForm({ onDiscard, onKeep }: DiscardFormProps) {
  const [operator, setOperator] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);

  function send(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    const body = { operator: operator.trim(), reason: reason.trim() };
    if (body.operator !== "" && body.reason !== "") void onDiscard(body);
  }

  return (
    <form className="discard" onSubmit={send} noValidate>
      <p className="quiet">{texts.discardMore}</p>
      <TextInput
        size="md"
        label={texts.discardOperator}
        autoFocus
        maxLength={MAX_OPERATOR}
        value={operator}
        error={tried && operator.trim() === "" ? texts.fill : undefined}
        onChange={(event) => setOperator(event.currentTarget.value)}
      />
      <TextInput
        size="md"
        label={texts.discardReason}
        maxLength={MAX_REASON}
        value={reason}
        error={tried && reason.trim() === "" ? texts.fill : undefined}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row">
        <Button size="md" className="danger" type="submit">
          {texts.discardDo}
        </Button>
        <Button size="md" variant="default" onClick={onKeep}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
