import { LongText } from "./long-text.tsx";
import { texts } from "./texts.ts";
import { useTill } from "./till-store.ts";

/** What somebody has to do something about, above everything else. It covers nothing and asks nothing. */
export function Alarm() {
  const { status } = useTill();
  const why = status?.stopped ?? status?.lanes.find(({ halted }) => halted !== null)?.halted;
  if (!why) return null;
  return (
    <section className="card alarm" role="alert">
      <h2>{status?.stopped ? texts.stopped : texts.halted}</h2>
      <LongText>{`${why.code}: ${why.message}`}</LongText>
    </section>
  );
}
