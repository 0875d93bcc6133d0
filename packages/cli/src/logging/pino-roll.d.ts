/** The part of pino-roll that is used; it brings no types of its own. */
declare module "pino-roll" {
  import type { destination } from "pino";

  interface RollOptions {
    /** Path without number and extension. */
    readonly file: string;
    /** `10485760b`. */
    readonly size: string;
    readonly frequency: "daily" | "hourly" | number;
    readonly extension: string;
    readonly dateFormat: string;
    /** Files that are kept; with `removeOtherLogFiles` those of earlier processes count too. */
    readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean };
    /** Characters that may wait to be written; lines beyond are dropped. */
    readonly maxLength: number;
    readonly mode: number;
  }

  export default function roll(options: RollOptions): Promise<ReturnType<typeof destination>>;
}
