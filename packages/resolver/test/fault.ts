// What a promise rejects with, as a value.

import { ResolverError } from "../src/index.ts";

/** The {@link ResolverError} that `promise` rejects with; anything else fails the test. */
export async function faultOf(promise: Promise<unknown>): Promise<ResolverError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof ResolverError) return error;
    throw error;
  }
  throw new Error(`resolved with ${JSON.stringify(value)}`);
}
