// How the page is built: relative addresses, so that it stands under any base path, and every file also compressed, so that the server
// sends it without work. `npm run dev` passes what is not the page's own on to a server (PARAMO, or the usual address).
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Writes `.br` and `.gz` beside each file that gets smaller by it. */
function compressed(): Plugin {
  let folder = "dist";
  return {
    name: "compressed",
    apply: "build",
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true }) as string[]) {
        const path = join(folder, name);
        if (!/\.(html|js|css|svg|json|txt)$/.test(name) || statSync(path).size < 1024) continue;
        const text = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}

const server = process.env.PARAMO ?? "http://127.0.0.1:8090";

export default defineConfig({
  base: "./",
  plugins: [svelte(), compressed()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What nearly every page uses comes in one piece: a request costs more than a few kilobytes.
    rollupOptions: { output: { manualChunks: (id) => (/src\/(design|api)\/|src\/app\/(?!App|Frame|Palette|routes)/.test(id) ? "base" : undefined) } },
  },
  server: { proxy: { "/api": server, "/share": server } },
  test: { include: ["src/**/*.test.ts"] },
});
