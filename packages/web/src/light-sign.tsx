import type { Light } from "./till-api.ts";

/** A shape for each colour, for those who cannot tell the colours apart: a tick, an arrow, a mark. */
const SHAPES: Readonly<Record<Light | "none", string>> = {
  green: "M6.5 12.5l4 4 7.5-9",
  yellow: "M12 18V6.5M7 11.5l5-5 5 5",
  red: "M12 6v7.5M12 17.5v.5",
  none: "M7 12h.5M11.8 12h.5M16.5 12h.5",
};

export function LightSign({ light }: { readonly light: Light | "none" }) {
  return (
    <svg className="sign" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="12" />
      <path d={SHAPES[light]} />
    </svg>
  );
}
