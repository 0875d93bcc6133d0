/** What travels between a bench and its workers. */
export interface Request {
  readonly id: number;
  readonly command: string;
  readonly given: object;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: each command knows its own input, and nobody else sends any
type Command = (given: any) => unknown;

const BUILT_IN: Readonly<Record<string, Command>> = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  /** Live memory, as far as a full collection can tell: what only waits to be collected is nobody's growth. */
  memory: () => {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heapUsed, external };
  },
};

/**
 * Makes this process a worker: it does what the bench asks, one command after the other, and ends with the bench.
 *
 * @param stop what to close before the process ends
 */
export function answer(commands: Readonly<Record<string, Command>>, stop: () => unknown = () => {}): void {
  const known: Readonly<Record<string, Command>> = { ...BUILT_IN, ...commands };
  process.on("message", async ({ id, command, given }: Request) => {
    const reply = (rest: object) => process.send?.({ id, ...rest });
    try {
      reply({ result: await known[command]?.(given) });
    } catch (error) {
      reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once("disconnect", async () => {
    await stop();
    process.exit(0);
  });
}
