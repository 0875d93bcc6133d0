import { UnstyledButton, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useEffect } from "react";
import { Alarm } from "./alarm.tsx";
import { ConflictsScreen } from "./conflicts-screen.tsx";
import { count } from "./format.ts";
import { HistoryScreen } from "./history-screen.tsx";
import { KeyForm } from "./key-form.tsx";
import { LightBar } from "./light-bar.tsx";
import { lightText, queueOf } from "./light-text.ts";
import { NowScreen } from "./now-screen.tsx";
import { QueueScreen } from "./queue-screen.tsx";
import { ShiftsScreen } from "./shifts-screen.tsx";
import { texts } from "./texts.ts";
import { type TillState, useTill } from "./till-store.ts";
import { SCREENS, type Screen, useScreen } from "./use-screen.ts";

const CONTENT: Readonly<Record<Screen, () => React.ReactNode>> = {
  now: NowScreen,
  queue: QueueScreen,
  conflicts: ConflictsScreen,
  history: HistoryScreen,
  shifts: ShiftsScreen,
};

export function Page() {
  const till = useTill();
  const screen = useScreen();
  const Content = CONTENT[screen];
  useEffect(() => {
    document.title = titleOf(till);
    showIcon(till.line === "open" ? till.status?.light : undefined);
  }, [till]);
  return (
    <>
      <header>
        <div className="name">
          <h1>{till.status ? texts.till(till.status.shortId) : texts.till("")}</h1>
          {till.status && <p className="quiet">{texts.store(till.status.store)}</p>}
          <SchemeSwitch />
        </div>
        <LightBar />
      </header>
      {till.line === "wants-key" ? (
        <main>
          <KeyForm />
        </main>
      ) : (
        <>
          <nav aria-label={texts.screens}>
            {SCREENS.map((name) => (
              <a key={name} href={`#${name}`} aria-current={name === screen ? "page" : undefined}>
                {texts.screen[name]}
                {name === "queue" && <Failed till={till} />}
              </a>
            ))}
          </nav>
          <main>
            <Alarm />
            <Content />
          </main>
        </>
      )}
    </>
  );
}

/** How many things need a person, on the way to where they are listed. */
function Failed({ till: { status } }: { readonly till: TillState }) {
  const failed = status === null ? 0 : queueOf(status).reduce((sum, entry) => sum + entry.failed, 0);
  if (failed === 0) return null;
  return (
    <span className="bubble" title={texts.needsPerson(count(failed))}>
      {count(failed)}
    </span>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <UnstyledButton className="scheme" onClick={() => setColorScheme(isDark ? "light" : "dark")}>
      {isDark ? texts.toLight : texts.toDark}
    </UnstyledButton>
  );
}

function titleOf({ line, status }: TillState): string {
  if (line === "gone") return texts.gone;
  if (line === "wants-key" || status === null) return texts.till("").trim();
  return `${lightText(status)} · ${texts.till(status.shortId)}`;
}

const ICON_COLOURS = { green: "#1a7f45", yellow: "#d99a00", red: "#c92a2a", none: "#8a949d" } as const;

/** The light in the browser's tab too, for when another page is in front. */
function showIcon(light: keyof typeof ICON_COLOURS = "none") {
  const circle = `<circle cx="8" cy="8" r="7" fill="${ICON_COLOURS[light]}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${circle}</svg>`;
  document.querySelector("link[rel=icon]")?.setAttribute("href", `data:image/svg+xml,${encodeURIComponent(svg)}`);
}
