import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Packed here once, so that no till packs anything while it sells. */
function packAssets(): Plugin {
  return {
    name: "pack-assets",
    apply: "build",
    writeBundle({ dir = "dist" }) {
      const assets = join(dir, "assets");
      for (const name of readdirSync(assets)) {
        const content = readFileSync(join(assets, name));
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content));
        writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** `scripts/build-page.mjs` runs this and says where the result goes. */
export default defineConfig({
  plugins: [react(), packAssets()],
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  // `npx vite packages/web` while working on the page: a till that runs gives the data.
  server: { proxy: { "/api": till(), "/page.json": till() } },
});

/** A till answers only its own page. */
function till() {
  const target = "http://127.0.0.1:7070";
  return { target, changeOrigin: true, headers: { origin: target } };
}
