import { allKeys, CONFIG_FILE } from "./configuration.ts";
import { KEYS } from "./keys.ts";
import type { Setting } from "./settings.ts";

const INTRODUCTION = `# Configuration

<!-- Made from packages/cli/src/config/keys.ts by configurationPage(); a test compares the two. Change it there. -->

Nothing has to be configured: every key has a default that works on one machine. Later sources win over earlier ones:

1. the defaults below
2. \`${CONFIG_FILE}\` in the working directory
3. \`tillsync.config.<environment>.json\` beside it, where the environment is \`TILLSYNC_ENV\` or else \`NODE_ENV\`
4. the file given with \`--config\`
5. environment variables
6. flags

Files hold sections with keys, as in requirement 001; upper and lower case are alike:

\`\`\`json
{
  "Sync": { "StoreId": "STORE001", "CentralApiEndpoint": "https://sync.example" },
  "Terminal": { "ShortId": "T01", "Currency": "KES", "TimeZone": "Africa/Nairobi" }
}
\`\`\`

Everything is checked at start. A wrong value is refused with its key, where it came from, what it was and what belongs
there; an unknown key is refused with the nearest known one. Keys and passwords are never repeated in a message.
`;

/** The text of `docs/configuration.md`. */
export function configurationPage(): string {
  const sections = [...new Set(allKeys().map((key) => key.slice(0, key.indexOf("."))))];
  return `${INTRODUCTION}${sections.map(sectionTable).join("")}`;
}

function sectionTable(section: string): string {
  const rows = allKeys()
    .filter((key) => key.startsWith(`${section}.`))
    .map((key) => row(key.slice(section.length + 1), KEYS[key]));
  const head =
    "| key | default | unit | environment variable | value | effect |\n| --- | --- | --- | --- | --- | --- |";
  return `\n## ${section}\n\n${head}\n${rows.join("\n")}\n`;
}

function row(name: string, setting: Setting<unknown>): string {
  const byDefault = setting.default === undefined ? (setting.absent ?? "none") : code(String(setting.default));
  const env = (setting.env ?? []).map(code).join(", ");
  const cells = [code(name), byDefault, setting.unit ?? "", env, setting.wants, setting.effect];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
