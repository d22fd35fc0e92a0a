import { expect, test } from "vitest";
import { joined, picked, resized, rowsOf } from "./columns.ts";

const table = { what: Uint8Array.of(1, 2, 3), atMs: Float64Array.of(0.5, 1.5, 2.5) };

test("a table keeps its rows and the kinds of its columns", () => {
  expect(resized(table, 2)).toEqual({
    what: Uint8Array.of(1, 2),
    atMs: Float64Array.of(0.5, 1.5),
  });
  expect(resized(table, 4).atMs).toEqual(Float64Array.of(0.5, 1.5, 2.5, 0));
  expect(resized(table, 3).what.buffer).not.toBe(table.what.buffer);
  expect(rowsOf(table, 1, 9).what).toEqual(Uint8Array.of(2, 3));
  expect(rowsOf(table, 1, 2).what.buffer).toBe(table.what.buffer);
});

test("rows are joined in the order of their tables, and picked in any order", () => {
  const both = joined([table, rowsOf(table, 0, 1)]);
  expect(both.what).toEqual(Uint8Array.of(1, 2, 3, 1));
  expect(picked(both, Uint32Array.of(3, 1)).atMs).toEqual(Float64Array.of(0.5, 1.5));
});
