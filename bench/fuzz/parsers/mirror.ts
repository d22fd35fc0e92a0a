import {
  formatManifest,
  isMirrorPath,
  type Manifest,
  parseManifest,
  stepsTo,
} from "../../../server/mirror/manifest.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { check, checkSame, utf8Text } from "./oracle.ts";

const FILES_MAX = 100;
const nothing: Manifest = { isComplete: true, files: new Map() };

/** A manifest is formatted to one that says the same, and no path in it leads out of the folder. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const manifest = parseManifest(utf8Text(bytes), FILES_MAX);
    if (manifest === undefined) return;
    check("too many files", manifest.files.size <= FILES_MAX);
    checkSame("formatted again", parseManifest(formatManifest(manifest), FILES_MAX), manifest);
    for (const { path } of [...stepsTo(manifest, nothing).fetch, ...manifest.files.values()]) {
      const isInside = !path.startsWith("/") && !path.split("/").includes("..");
      check(`${path} leads out of the folder`, isMirrorPath(path) && isInside);
    }
    checkSame("steps to itself", stepsTo(manifest, manifest), { fetch: [], remove: [] });
  },
  words: [
    ...["provlab/mirror@1 complete\n", "provlab/mirror@1 partial\n", " 644 ", "../", "- 0 0 0 a\n"],
    `${"0".repeat(64)} 300 1795520000000 644 cm.cfg\n`,
  ],
};
