import type { LoadTimes } from "../generators/download-load.ts";

/** One load: files of one size, so many at once. */
export interface Cell {
  readonly fileBytes: number;
  readonly blockBytes: number;
  readonly atOnce: number;
}

/** How much is measured; everything is bounded in count and time. */
export interface TftpBenchPlan {
  readonly rounds: number;
  readonly cells: readonly Cell[];
  /** Put on each server that was just started, not counted: its caches and compiler get to know it. */
  readonly warmUp: Cell;
  readonly times: LoadTimes;
  /** Files of each size, fetched in turns. */
  readonly filesPerSize: number;
  /** No server is begun, and no load, after this: what is measured by then is what is reported. */
  readonly totalMsMax: number;
}

/** The configuration file of a modem and the image of a meter, in the blocks of both kinds of client. */
const cells: readonly Cell[] = [4096, 65_536].flatMap((fileBytes) =>
  [512, 1428].flatMap((blockBytes) =>
    [10, 100, 1000].map((atOnce) => ({ fileBytes, blockBytes, atOnce })),
  ),
);

const times: LoadTimes = { warmUpMs: 200, measureMs: 1200, partMsMax: 4500, drainMsMax: 5500 };

export const fullPlan: TftpBenchPlan = {
  rounds: 3,
  cells,
  warmUp: { fileBytes: 4096, blockBytes: 512, atOnce: 20 },
  times,
  filesPerSize: 100,
  totalMsMax: 9 * 60_000,
};

export const quickPlan: TftpBenchPlan = {
  ...fullPlan,
  rounds: 1,
  cells: cells.filter(({ fileBytes, blockBytes }) => fileBytes === 4096 && blockBytes === 512),
  times: { ...times, measureMs: 800 },
  totalMsMax: 60_000,
};
