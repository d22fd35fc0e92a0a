import { describe, expect, test } from "vitest";
import { ContentPool } from "./content-pool.ts";

describe("ContentPool", () => {
  test("uses slots again, and has an end", () => {
    const pool = new ContentPool(4, 2);
    expect([pool.take(), pool.take(), pool.take()]).toEqual([0, 1, -1]);
    expect(pool.write(0, 2, Uint8Array.of(7, 8))).toBe(true);
    expect(pool.write(0, 3, Uint8Array.of(7, 8))).toBe(false);
    expect([...pool.view(0, 4)]).toEqual([0, 0, 7, 8]);
    pool.release(0);
    expect([pool.take(), pool.take()]).toEqual([0, -1]);
  });
});
