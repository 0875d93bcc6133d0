import { addUp, ask, count, counted, repeat, showLight } from "./ask.js";

repeat(async () => {
  const health = await ask("/health/ready");
  if (health.kind === "silent") return showLight("red", "The centre does not answer");
  if (health.kind === "refused") return showLight("red", health.message);
  const overview = await ask("/api/admin/overview");
  if (overview.kind !== "answer") return showLight("green", "The centre is up");
  const { pending, exceptions } = addUp(overview.body);
  if (exceptions > 0) return showLight("yellow", counted(exceptions, "exception"));
  if (pending > 0) return showLight("yellow", `${count(pending)} still on the tills`);
  showLight("green", "Everything is here");
}, 5000);
