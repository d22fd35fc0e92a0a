import type { Judgement } from "../../reports/compare/judge.ts";
import {
  type Block,
  isBalanced,
  isClear,
  lookAt,
  lookPlan,
  startsWithCurrent,
} from "./comparison-looks.ts";
import { type BlockSetting, type ComparedServer, playBlock } from "./paired-block.ts";

export interface ComparisonRequest {
  readonly base: ComparedServer;
  readonly current: ComparedServer;
  readonly setting: BlockSetting;
  readonly budgetMs: number;
  readonly onBlock: (blocks: readonly Block[]) => void;
}

export interface ComparisonOutcome {
  readonly blocks: readonly Block[];
  readonly judgement: Judgement;
  readonly durationMs: number;
}

/**
 * Plays blocks until a look is clear, the last look is taken or the time is over. When time runs out before a
 * look, that look comes early: how many blocks it has depends on the machine's speed, not on what they
 * showed. It comes after an even number of blocks, so that each side has started first equally often.
 */
export async function compareServers(request: ComparisonRequest): Promise<ComparisonOutcome> {
  const { base, current, setting, budgetMs, onBlock } = request;
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
    const isLast = blocks.length === lookPlan.blocks.at(-1);
    const isOver = isBalanced(blocks.length) && elapsedMs() + 2 * longestMs > budgetMs;
    if (!isLast && !isOver && !lookPlan.blocks.includes(blocks.length)) continue;
    const judgement = lookAt(blocks, setting.seed);
    if (isLast || isOver || isClear(judgement)) {
      return { blocks, judgement, durationMs: Math.round(elapsedMs()) };
    }
  }
}
