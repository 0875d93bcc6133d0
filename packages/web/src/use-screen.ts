import { useSyncExternalStore } from "react";

export const SCREENS = ["now", "queue", "conflicts", "history", "shifts"] as const;
export type Screen = (typeof SCREENS)[number];

/** The screen that the address names (`/#history`), so that "back" works and a screen can be bookmarked. */
export function useScreen(): Screen {
  const hash = useSyncExternalStore(
    (reader) => {
      window.addEventListener("hashchange", reader);
      return () => window.removeEventListener("hashchange", reader);
    },
    () => window.location.hash.slice(1),
  );
  return SCREENS.find((screen) => screen === hash) ?? "now";
}
