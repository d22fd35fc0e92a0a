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
 * A folder that is held open. What is in it is reached through the descriptor, one name at a time and
 * never through a link, so that whatever somebody puts in the way meanwhile, no path leads out of the
 * root: what openat(2) is for, by way of Linux's /proc.
 */
export class HeldFolder {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The operator's own path may go through links. Throws StartError. */
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

  /** Where a name in this folder is, for a call that does not follow links. */
  at(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  /** Throws what the system says: ENOENT, ENOTDIR for a file or a link. */
  openFolder(name: string): HeldFolder {
    return new HeldFolder(openSync(this.at(name), folderFlags | constants.O_NOFOLLOW));
  }

  /** The same; made when it is not there. */
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
   * Calls `use` with the folder of a path below this one, and the last name of the path. Throws what
   * the system says when a part of the path is no folder.
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

  /** Unlike that of any other folder. */
  identity(): string {
    const { dev, ino } = fstatSync(this.#fd);
    return `${dev}:${ino}`;
  }

  /** What was renamed here, or removed, stays so after a crash. */
  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
