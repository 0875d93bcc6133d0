import type { OrderDraft } from "@tillsync/engine";

/** A sale as a bench hands it to a till. */
export type Sale = OrderDraft & { readonly localId: string };

const GOODS = [
  ["5449000000996", "Coca-Cola 500 ml", 80],
  ["6161100600126", "Jogoo Maize Flour 2 kg", 189],
  ["6009510802009", "Brookside Milk 500 ml", 65],
  ["6161101660143", "Supa Loaf White 400 g", 70],
  ["6161105660018", "Mumias Sugar 1 kg", 215],
  ["6001087357562", "Omo Hand Wash Powder 500 g", 172],
  ["6161106960018", "Rina Vegetable Oil 1 l", 349],
  ["6164004100019", "Ketepa Pride Tea 250 g", 164],
  ["2000017000000", "Tomatoes loose kg", 130],
  ["2000042000000", "Beef on the bone kg", 620],
  ["6161100420015", "Royco Mchuzi Mix 75 g", 48],
  ["6009188002213", "Colgate Herbal 100 ml", 155],
] as const;

/**
 * Sales of three to five lines, the same ones for the same seed: item with its barcode, quantity, price, tax, tender.
 * About 1.1 KB each as canonical JSON, as in reference/performance.md.
 */
export function* sales(count: number, seed = 1): Generator<Sale> {
  const draw = drawFrom(seed);
  const opened = Date.UTC(2026, 0, 16, 6);
  for (let index = 0; index < count; index++) {
    const lines = Array.from({ length: 3 + draw(3) }, () => line(draw));
    const totalMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    const taxMinor = Math.round((totalMinor * 16) / 116);
    yield {
      localId: localIdOf(seed, index),
      operator: "Amina",
      lines,
      tenders: [draw(2) === 0 ? { type: "cash", amountMinor: totalMinor } : mpesa(totalMinor, draw)],
      taxes: [{ code: "A", rate: "16", baseMinor: totalMinor - taxMinor, taxMinor, included: true }],
      occurredAt: new Date(opened + index * 9_000 + draw(1000)).toISOString(),
    };
  }
}

function line(draw: (below: number) => number) {
  const [item, description, price] = GOODS[draw(GOODS.length)] ?? GOODS[0];
  const isWeighed = item.startsWith("2");
  const grams = 100 + draw(2400);
  const quantity = isWeighed ? (grams / 1000).toFixed(3) : String(1 + draw(4));
  const amountMinor = isWeighed ? Math.round((grams * price * 100) / 1000) : Number(quantity) * price * 100;
  return { item, description, quantity, unitPrice: `${price}.00`, amountMinor, taxCode: "A" };
}

function mpesa(amountMinor: number, draw: (below: number) => number) {
  const reference = `TAG${draw(36 ** 5)
    .toString(36)
    .padStart(5, "0")}${draw(36 ** 2)
    .toString(36)
    .padStart(2, "0")}`;
  return { type: "mpesa", amountMinor, reference: reference.toUpperCase() };
}

/** As good as random for indexes and compression, and the same every time: neighbours share nothing. */
function localIdOf(seed: number, index: number): string {
  const draw = drawFrom(seed * 1_000_003 + index);
  const hex = (digits: number) => Array.from({ length: digits }, () => draw(16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/** mulberry32. */
function drawFrom(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
