import { afterEach, beforeEach, vi } from "vitest";

/** What a command wrote to this process's standard streams. */
export class CapturedOutput {
  #stdout: Buffer[] = [];
  #stderr = "";

  get stdout(): string {
    return this.stdoutBytes.toString();
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Starts anew within a test. */
  forget(): void {
    this.#stdout = [];
    this.#stderr = "";
  }

  /** Until the mocks are restored, nothing reaches the terminal. */
  listen(): void {
    this.forget();
    vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      this.#stdout.push(Buffer.from(chunk));
      return true;
    });
    vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      this.#stderr += String(chunk);
      return true;
    });
  }
}

/** Captures both streams in every test of the file, each from nothing. */
export function captureOutput(): CapturedOutput {
  const said = new CapturedOutput();
  beforeEach(() => said.listen());
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return said;
}
