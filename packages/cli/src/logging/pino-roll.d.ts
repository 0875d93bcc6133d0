/** The part of pino-roll that is used; it brings no types of its own. */
declare module "pino-roll" {
  import type { SonicBoom, SonicBoomOpts } from "sonic-boom";

  interface RollOptions extends Omit<SonicBoomOpts, "dest"> {
    /** Path without number and extension. */
    readonly file: string;
    /** `10485760b`. */
    readonly size: string;
    readonly frequency: "daily" | "hourly" | number;
    readonly extension: string;
    readonly dateFormat: string;
    /** Closed files that are kept; with `removeOtherLogFiles` those of earlier processes count too. */
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean };
  }

  export default function roll(options: RollOptions): Promise<SonicBoom>;
}
