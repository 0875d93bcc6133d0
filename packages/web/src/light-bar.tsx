import { Button } from "@mantine/core";
import { count, moment, zoneOf } from "./format.ts";
import { LightSign } from "./light-sign.tsx";
import { lastSyncMs, lightText, queueOf } from "./light-text.ts";
import { SyncResultLine } from "./sync-result.tsx";
import { texts } from "./texts.ts";
import type { Light, Status } from "./till-api.ts";
import { type TillState, useTill } from "./till-store.ts";
import { useSyncNow } from "./use-sync-now.ts";
import { When } from "./when.tsx";

/** The light, on every screen: colour, shape and words, how things stand in a sentence, and when the last sync was. */
export function LightBar() {
  const till = useTill();
  const sync = useSyncNow();
  const { light, title, more } = shownOf(till);
  const { status } = till;
  const isOpen = till.line === "open" && status !== null;
  return (
    <div className="light-bar" data-light={light} data-testid="light">
      <div className="light-words" title={isOpen ? tooltipOf(status) : more}>
        <LightSign light={light} />
        <div>
          <div role="status">
            <p className="light-title">{title}</p>
            <p className="light-more">{more}</p>
          </div>
          {status !== null && <LastSync status={status} />}
          {isOpen && <SyncResultLine sync={sync} pending={status.pending} />}
        </div>
      </div>
      {isOpen && (
        // Not disabled while it sends: a keyboard would lose its place on the page.
        <Button size="md" className="primary" aria-disabled={sync.busy} onClick={sync.send}>
          {texts.syncNow}
        </Button>
      )}
    </div>
  );
}

/** Outside the live region: a screen reader should not read it again every minute. */
function LastSync({ status }: { readonly status: Status }) {
  const atMs = lastSyncMs(status);
  if (atMs === null) return <p className="light-sync">{texts.neverSynced}</p>;
  return (
    <p className="light-sync">
      {texts.lastSync} <When at={atMs} relative /> (<When at={atMs} />)
    </p>
  );
}

function shownOf({ line, status }: TillState): { light: Light | "none"; title: string; more: string } {
  if (line === "gone") return { light: "none", title: texts.gone, more: texts.goneMore };
  if (line === "wants-key") return { light: "none", title: texts.wantsKey, more: texts.wantsKeyMore };
  if (status === null) return { light: "none", title: texts.connecting, more: texts.connectingMore };
  return { light: status.light, title: lightText(status), more: status.text };
}

function tooltipOf(status: Status): string {
  const atMs = lastSyncMs(status);
  const last =
    atMs === null
      ? texts.neverSynced
      : `${texts.lastSync} ${moment(atMs, { nowMs: Date.now(), timeZone: zoneOf(status) })}`;
  const counts = queueOf(status).map(({ queueType, pending }) => `${texts.queueTypes[queueType]}: ${count(pending)}`);
  return [last, ...counts].join("\n");
}
