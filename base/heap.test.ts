import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

test("items come out in order, whatever the order in which they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(10), (numbers, popped) => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const number of numbers) heap.push(number);
      const early = Array.from({ length: Math.min(popped, numbers.length) }, () => heap.pop()!);
      for (const number of early) heap.push(number);
      expect(heap.first).toBe(numbers.length === 0 ? undefined : Math.min(...numbers));
      const sorted = Array.from({ length: heap.size }, () => heap.pop());
      expect(sorted).toEqual([...numbers].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

test("a heap that is cleared is empty", () => {
  const heap = new Heap<number>((a, b) => a < b);
  heap.push(1);
  heap.clear();
  expect([heap.size, heap.first]).toEqual([0, undefined]);
});
