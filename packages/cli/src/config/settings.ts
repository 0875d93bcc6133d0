/** One configuration key: how its value is read, what it is when nobody sets it, and what the docs say about it. */
export interface Setting<T> {
  /** The value, or undefined when `raw` (JSON from a file, text from the environment or a flag) is none. */
  readonly read: (raw: unknown) => T | undefined;
  /** What belongs there, to follow "must be". */
  readonly wants: string;
  readonly default: T;
  /** Said in the docs in place of an absent default. */
  readonly absent?: string;
  readonly unit?: string;
  readonly effect: string;
  /** Environment variables that set it, the first one first. */
  readonly env?: readonly string[];
  /** Never repeated in errors or logs. */
  readonly secret?: true;
}

type Rest<T> = Omit<Setting<T>, "read" | "wants">;
type Read<T> = (raw: unknown) => T | undefined;

/** Text that `pattern` matches. */
export function text<T extends string | undefined>(wants: string, pattern: RegExp, rest: Rest<T>): Setting<T | string> {
  return { ...rest, wants, read: (raw) => (typeof raw === "string" && pattern.test(raw) ? raw : undefined) };
}

/** Text that `read` understands and brings into one form. */
export function textAs<T extends string | undefined>(
  wants: string,
  read: (text: string) => string | undefined,
  rest: Rest<T>,
): Setting<T | string> {
  return { ...rest, wants, read: (raw) => (typeof raw === "string" ? read(raw) : undefined) };
}

/** A whole number; from the environment and flags as digits. */
export function whole<T extends number | undefined>(min: number, max: number, rest: Rest<T>): Setting<T | number> {
  const read: Read<number> = (raw) => {
    const value = typeof raw === "string" && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
    return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  };
  return { ...rest, wants: `a whole number from ${min} to ${max}`, read };
}

export function yesNo(rest: Rest<boolean>): Setting<boolean> {
  const read: Read<boolean> = (raw) => {
    if (typeof raw === "boolean") return raw;
    const word = typeof raw === "string" ? raw.toLowerCase() : "";
    return word === "true" ? true : word === "false" ? false : undefined;
  };
  return { ...rest, wants: "true or false", read };
}

/** One of a few words, whatever their case. */
export function choice<const C extends readonly string[]>(choices: C, rest: Rest<C[number]>): Setting<C[number]> {
  const read: Read<C[number]> = (raw) => choices.find((word) => typeof raw === "string" && raw.toLowerCase() === word);
  return { ...rest, wants: choices.map((word) => `"${word}"`).join(" or "), read };
}

/** An http or https address. */
export function address<T extends string | undefined>(rest: Rest<T>): Setting<T | string> {
  const read = (raw: string) => (/^https?:$/.test(URL.parse(raw)?.protocol ?? "") ? raw : undefined);
  return textAs("an http or https address such as http://127.0.0.1:8080", read, rest);
}
