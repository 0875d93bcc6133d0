import { parseAs } from "@tillsync/protocol";
import { z } from "zod";

/**
 * Where keys are kept. Whoever gives it encrypts: what is written here is given by KRA once, and opens a taxpayer's device.
 * `device`: what initialisation gave. `gateway`: key and secret of the integrator. `trial`: nothing; whether a key that is
 * given once can be kept is tried before it is asked for.
 */
export interface SecretStore {
  read(name: "device" | "gateway"): Promise<string | undefined>;
  /** Durable when it resolves. */
  write(name: "device" | "gateway" | "trial", secret: string): Promise<void>;
}

const text = z.string().min(1).max(500);
const deviceKeys = z.strictObject({
  cmcKey: text.nullable(),
  sdcId: text,
  mrcNo: text.nullable(),
  dvcId: text.nullable(),
});
const gatewayKeys = z.strictObject({ consumerKey: text, consumerSecret: text });

/** What a control unit is known by. `cmcKey` is null for a VSCU that keeps it to itself. */
export type DeviceKeys = z.infer<typeof deviceKeys>;
export type GatewayKeys = z.infer<typeof gatewayKeys>;

/** Undefined before initialisation. @throws SyncError CONFIG_INVALID for what is not keys; it names no secret */
export async function readDeviceKeys(secrets: SecretStore): Promise<DeviceKeys | undefined> {
  const stored = await secrets.read("device");
  return stored === undefined ? undefined : parseAs(deviceKeys, parsed(stored), "CONFIG_INVALID");
}

/** @throws SyncError CONFIG_INVALID for what is not keys; it names no secret */
export async function readGatewayKeys(secrets: SecretStore): Promise<GatewayKeys | undefined> {
  const stored = await secrets.read("gateway");
  return stored === undefined ? undefined : parseAs(gatewayKeys, parsed(stored), "CONFIG_INVALID");
}

function parsed(stored: string): unknown {
  try {
    return JSON.parse(stored);
  } catch {
    return undefined;
  }
}
