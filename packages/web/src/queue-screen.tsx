import type { ReactNode } from "react";
import { GrowingList } from "./growing-list.tsx";
import { Panel } from "./panel.tsx";
import { FailedItem, WaitingItem } from "./queue-item.tsx";
import { texts } from "./texts.ts";
import type { QueueItem } from "./till-api.ts";

interface Queue {
  readonly items: readonly QueueItem[];
  readonly next: string | null;
}

/** What needs a person, what is on its way, and what waits for its turn. */
export function QueueScreen() {
  return (
    <div className="columns">
      <div>
        <Panel title={texts.failedTitle}>
          <Items status="Failed" none={texts.failedNone}>
            {(item) => <FailedItem item={item} />}
          </Items>
        </Panel>
      </div>
      <div>
        <Panel title={texts.sendingTitle}>
          <Items status="Processing" none={texts.sendingNone}>
            {(item) => <WaitingItem item={item} />}
          </Items>
        </Panel>
        <Panel title={texts.pendingTitle}>
          <Items status="Pending" none={texts.pendingNone}>
            {(item) => <WaitingItem item={item} />}
          </Items>
        </Panel>
      </div>
    </div>
  );
}

interface ItemsProps {
  readonly status: QueueItem["status"];
  readonly none: string;
  readonly children: (item: QueueItem) => ReactNode;
}

function Items({ status, none, children }: ItemsProps) {
  return (
    <GrowingList
      path={`/api/queue?status=${status}`}
      items={(queue: Queue) => queue.items}
      hasMore={({ next }) => next !== null}
      keyOf={({ id }) => id}
      none={none}
    >
      {children}
    </GrowingList>
  );
}
