import { readFileSync } from "node:fs";
import { hasTool } from "./ip-command.ts";

/** One processor for the server and one for the generator. */
export interface Processors {
  readonly server: number;
  readonly generator: number;
}

/** The first two processors that this process may use; undefined when it cannot pin programs to them. */
export function twoProcessors(): Processors | undefined {
  try {
    if (!hasTool("taskset")) return undefined;
    const status = readFileSync("/proc/self/status", "latin1");
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
    const [server, generator] = processorsOf(list);
    return server === undefined || generator === undefined ? undefined : { server, generator };
  } catch {
    return undefined;
  }
}

/** The numbers in a list of the kernel's form: `0-2,5` is 0, 1, 2 and 5. */
export function processorsOf(list: string): readonly number[] {
  return list.split(",").flatMap((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return [];
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });
}

/** The command line that runs a program on one processor; anywhere when that is undefined. */
export function onProcessor(
  processor: number | undefined,
  command: readonly string[],
): readonly string[] {
  return processor === undefined
    ? command
    : ["taskset", "--cpu-list", String(processor), ...command];
}
