import { z } from "zod";

// What the parts of the result's schema are made of.

export const text = z.string();
export const count = z.int().nonnegative();
export const counts = z.record(text, count);
/** A duration, a rate, a share: whatever cannot be below zero. */
export const amount = z.number().nonnegative();

/** The type that a schema stands for. Nobody changes a result, so all of it is readonly. */
export type Contract<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>;

type DeepReadonly<Value> = { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> };
