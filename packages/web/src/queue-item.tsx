import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import { DiscardForm } from "./discard-form.tsx";
import { count } from "./format.ts";
import { LongText } from "./long-text.tsx";
import { type QueueType, texts } from "./texts.ts";
import { type Answer, post, type QueueItem } from "./till-api.ts";
import { roundSoon } from "./till-store.ts";
import { When } from "./when.tsx";

/** Something on its way. */
export function WaitingItem({ item }: { readonly item: QueueItem }) {
  return (
    <>
      <ItemHead item={item} />
      <p className="quiet">
        {texts.created} <When at={item.createdAt} />
        {item.retryCount > 0 && ` · ${texts.tries(count(item.retryCount))}`}
        {item.nextAttemptTime !== null && (
          <>
            {` · ${texts.nextTry} `}
            <When at={item.nextAttemptTime} />
          </>
        )}
      </p>
      {item.lastError !== null && <LongText>{item.lastError}</LongText>}
    </>
  );
}

/** Something that a person has to decide: try it again, or discard it with a reason. */
export function FailedItem({ item }: { readonly item: QueueItem }) {
  const [discarding, setDiscarding] = useState(false);
  const [said, setSaid] = useState("");

  async function act(verb: "retry" | "discard", body: object) {
    const answer: Answer<unknown> = await post(`/api/queue/${encodeURIComponent(item.id)}/${verb}`, body);
    setSaid(answer.ok ? (verb === "retry" ? texts.retried : texts.discarded) : answer.message);
    if (answer.ok) setDiscarding(false);
    roundSoon();
  }

  return (
    <>
      <WaitingItem item={item} />
      {!discarding && (
        <div className="row">
          <Button size="md" variant="default" onClick={() => void act("retry", {})}>
            {texts.retry}
          </Button>
          <Button size="md" variant="default" className="warn" onClick={() => setDiscarding(true)}>
            {texts.discard}
          </Button>
        </div>
      )}
      {discarding && <DiscardForm onDiscard={(body) => act("discard", body)} onKeep={() => setDiscarding(false)} />}
      <div role="status">{said !== "" && <LongText>{said}</LongText>}</div>
    </>
  );
}

function ItemHead({ item }: { readonly item: QueueItem }) {
  const type = texts.queueTypes[item.queueType as QueueType] ?? item.queueType;
  return (
    <p className="line-head">
      <span className="id">{item.receiptNumber ?? item.entityId}</span>
      <span className="quiet">{texts.kinds[item.kind] ?? item.kind}</span>
      <Badge variant="default" size="lg" className="badge">
        {type}
      </Badge>
    </p>
  );
}
