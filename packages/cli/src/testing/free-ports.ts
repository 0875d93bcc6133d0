import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range from which systems give ports to outgoing connections (32768 on Linux). */
const [LOWEST, HIGHEST] = [20_000, 32_000];
const TRIES = 50;

/** The first of `count` neighbouring ports that are free now. Chosen at random, so that two tests seldom want the same. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const first = randomInt(LOWEST, HIGHEST);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row found in ${TRIES} tries`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  probe.listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false; // taken, which is what was asked
  }
  probe.close();
  await once(probe, "close");
  return true;
}
