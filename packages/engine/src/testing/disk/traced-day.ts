// A till's process behind the interposed disk, which plays a part of a day and is killed. Its writes are in the trace.
import { DiskTill } from "./disk-till.ts";
import { variantNamed } from "./disk-variants.ts";
import { type DayPart, playPart } from "./shift-play.ts";

const [folder = "", variant = "", part, sales, items] = process.argv.slice(2);
const play = { part: part as DayPart, sales: Number(sales), items: Number(items) };
await playPart(new DiskTill(folder, variantNamed(variant)), play);
process.kill(process.pid, "SIGKILL");
