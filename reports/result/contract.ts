import { z } from "zod";

// Building blocks of the result's schema.

export const text = z.string();
export const count = z.int().nonnegative();
export const counts = z.record(text, count);
/** A duration, a rate or a share: never below zero. */
export const amount = z.number().nonnegative();

/** The type of a schema's values, all readonly: nobody changes a result. */
export type Contract<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>;

type DeepReadonly<Value> = { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> };
