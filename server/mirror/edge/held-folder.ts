import {
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
} from "node:fs";
import { StartError, systemReason } from "../../process/start-error.ts";

const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * A folder that is held open. Its contents are reached through the descriptor, one name at a time and
 * never through a link, so no path leads out of the root, even if someone changes the folders meanwhile.
 * It does what openat(2) is for, by way of Linux's /proc.
 */
export class HeldFolder {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The operator's own path may contain links. Throws StartError. */
  static openRoot(path: string): HeldFolder {
    if (!existsSync("/proc/self/fd")) {
      throw new StartError("The mirror needs Linux and its /proc.");
    }
    try {
      return new HeldFolder(openSync(path, folderFlags));
    } catch (error) {
      const message = `Cannot mirror ${path}: ${systemReason(error)}`;
      throw new StartError(message, { cause: error });
    }
  }

  /** Path of a name in this folder, for a call that does not follow links. */
  at(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  /** Throws the system's error: ENOENT; ENOTDIR for a file or a link. */
  openFolder(name: string): HeldFolder {
    return new HeldFolder(openSync(this.at(name), folderFlags | constants.O_NOFOLLOW));
  }

  /** The same, but creates the folder when it does not exist. */
  makeFolder(name: string): HeldFolder {
    try {
      mkdirSync(this.at(name), { mode: 0o755 });
      this.sync();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return this.openFolder(name);
  }

  /**
   * Calls `use` with the folder of a path below this one, and the last name of the path. Throws the
   * system's error when a part of the path is not a folder.
   */
  inFolderOf<Result>(
    path: string,
    makes: boolean,
    use: (folder: HeldFolder, name: string) => Result,
  ): Result {
    const parts = path.split("/");
    const name = parts.pop()!;
    const opened: HeldFolder[] = [];
    let folder: HeldFolder = this;
    try {
      for (const part of parts) {
        folder = makes ? folder.makeFolder(part) : folder.openFolder(part);
        opened.push(folder);
      }
      return use(folder, name);
    } finally {
      for (const held of opened) held.close();
    }
  }

  names(): Dirent[] {
    return readdirSync(this.at("."), { withFileTypes: true });
  }

  /** Unique among folders. */
  identity(): string {
    const { dev, ino } = fstatSync(this.#fd);
    return `${dev}:${ino}`;
  }

  /** Makes renames and removals in this folder durable. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
