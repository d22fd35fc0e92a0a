import { parseThreshold } from "../../scenarios/language/threshold.ts";
import type { ThresholdResult } from "../result/run-result.ts";
import { formatCount, formatDecimals, formatMs } from "./format.ts";

/** The measured value with its unit: "4.2 ms", "299.9 /s", "not measured". */
export function actualWords({ text, actual }: ThresholdResult): string {
  if (actual === null) return "not measured";
  const metric = parseThreshold(text)?.metric ?? [];
  if (metric.some((part) => part.endsWith("Ms"))) return `${formatMs(actual)} ms`;
  const value = formatDecimals(actual, 5, 0);
  return metric.at(-1)?.endsWith("PerSecond") ? `${value} /s` : value;
}

/** How far the measured value is from the bound: "58 % to spare", "12 % too much", "off by 3". */
export function marginWords({ text, actual, holds }: ThresholdResult): string {
  const threshold = parseThreshold(text);
  if (threshold === undefined || actual === null) return "";
  const { operator, bound } = threshold;
  const distance = Math.abs(actual - bound);
  if (operator === "==" || bound === 0) {
    return distance === 0 ? "exact" : `off by ${formatDecimals(distance, 3, 0)}`;
  }
  const percent = (100 * distance) / Math.abs(bound);
  const share = `${percent < 10 ? percent.toFixed(1) : formatCount(percent)} %`;
  if (holds) return `${share} to spare`;
  return `${share} too ${operator.startsWith("<") ? "much" : "little"}`;
}
