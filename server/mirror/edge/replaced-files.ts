import { linkSync, lstatSync, rmSync } from "node:fs";
import type { HeldFolder } from "./held-folder.ts";

const replacedName = ".provlab-replaced";
/** Most files that are kept. When there are more, all kept files are deleted and it starts again. */
const filesMax = 200_000;
const bytesMax = 4 * 1024 ** 3;

/** Files that the mirror replaced or removed: the last one of each path, as long as there is room. */
export class ReplacedFiles {
  readonly #all: HeldFolder;
  readonly #name: string;
  #folder: HeldFolder;
  #files = 0;
  #bytes = 0;

  /** `name` of the mirrored folder, because two of them may have the same parent. */
  constructor(root: HeldFolder, name: string) {
    this.#all = root.makeFolder(replacedName);
    this.#name = name;
    this.#folder = this.#all.makeFolder(name);
    this.#count(this.#folder);
  }

  /**
   * Keeps the file of that name, if there is one, as a second link, so it is never missing where it is
   * served. Throws the system's error.
   */
  keep(from: HeldFolder, name: string, path: string): void {
    const stats = lstatSync(from.at(name), { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (this.#files >= filesMax || this.#bytes + stats.size > bytesMax) this.#beginAnew();
    this.#makeWay(path);
    this.#folder.inFolderOf(path, true, (folder, last) => {
      linkSync(from.at(name), folder.at(last));
    });
    this.#files += 1;
    this.#bytes += stats.size;
  }

  close(): void {
    this.#folder.close();
    this.#all.close();
  }

  /** Removes what is kept under this path or obstructs it. */
  #makeWay(path: string): void {
    const parts = path.split("/");
    for (const [at] of parts.entries()) {
      const isLast = at === parts.length - 1;
      const isRemoved = this.#folder.inFolderOf(
        parts.slice(0, at + 1).join("/"),
        true,
        (folder, last) => {
          const stats = lstatSync(folder.at(last), { throwIfNoEntry: false });
          if (stats === undefined || (stats.isDirectory() && !isLast)) return false;
          rmSync(folder.at(last), { recursive: true });
          if (!stats.isDirectory()) {
            this.#files -= 1;
            this.#bytes -= stats.size;
          }
          return true;
        },
      );
      if (isRemoved) return;
    }
  }

  #beginAnew(): void {
    this.#folder.close();
    rmSync(this.#all.at(this.#name), { recursive: true, force: true });
    this.#folder = this.#all.makeFolder(this.#name);
    this.#files = 0;
    this.#bytes = 0;
  }

  #count(folder: HeldFolder): void {
    for (const entry of folder.names()) {
      if (entry.isDirectory()) {
        const inner = folder.openFolder(entry.name);
        try {
          this.#count(inner);
        } finally {
          inner.close();
        }
      } else {
        this.#files += 1;
        this.#bytes += lstatSync(folder.at(entry.name)).size;
      }
    }
  }
}
