import type { Judgement } from "../../reports/compare/judge.ts";
import {
  type Block,
  isBalanced,
  isClear,
  type LookPlan,
  lookAt,
  startsWithCurrent,
} from "./comparison-looks.ts";
import { type Duelist, type DuelSetting, playBlock } from "./paired-block.ts";

export interface SeriesRequest {
  readonly base: Duelist;
  readonly current: Duelist;
  readonly setting: DuelSetting;
  readonly looks: LookPlan;
  readonly budgetMs: number;
  readonly onBlock: (blocks: readonly Block[]) => void;
}

export interface SeriesOutcome {
  readonly blocks: readonly Block[];
  readonly judgement: Judgement;
  readonly durationMs: number;
}

/**
 * Blocks until a look is clear, the last look is taken or the time is over. Time that is over before a look
 * leads to that look early: how many blocks it has depends on the machine's speed, not on
 * what they showed. It comes after an even number of blocks, so that each side has started first as often.
 */
export async function playSeries(request: SeriesRequest): Promise<SeriesOutcome> {
  const { base, current, setting, looks, budgetMs, onBlock } = request;
  const startMs = performance.now();
  const elapsedMs = (): number => performance.now() - startMs;
  const blocks: Block[] = [];
  let longestMs = 0;
  for (;;) {
    const blockStartMs = performance.now();
    const isSwapped = startsWithCurrent(blocks.length);
    const figures = await playBlock(isSwapped ? [current, base] : [base, current], {
      ...setting,
      seed: setting.seed + 10 * blocks.length,
    });
    const [baseFigures, currentFigures] = isSwapped ? [figures[1], figures[0]] : figures;
    blocks.push({ base: baseFigures, current: currentFigures });
    onBlock(blocks);
    longestMs = Math.max(longestMs, performance.now() - blockStartMs);
    const isLast = blocks.length === looks.blocks.at(-1);
    const isOver = isBalanced(blocks.length) && elapsedMs() + 2 * longestMs > budgetMs;
    if (!isLast && !isOver && !looks.blocks.includes(blocks.length)) continue;
    const judgement = lookAt(blocks, looks, setting.seed);
    if (isLast || isOver || isClear(judgement)) {
      return { blocks, judgement, durationMs: Math.round(elapsedMs()) };
    }
  }
}
