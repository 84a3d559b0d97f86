// Storage that did not answer: a fault of ours, and so never a verdict. Mail is deferred, the API answers 503.

export class StorageUnreachable extends Error {}

/** The answer, or `StorageUnreachable` where it does not come: another request's answer may never. */
export async function answerWithin<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const error = new StorageUnreachable("Storage did not answer in time.");
  const timer = setTimeout(() => reject(error), ms);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a call to storage; whatever it throws becomes `StorageUnreachable`. */
export async function reach<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw new StorageUnreachable("Storage could not be reached.", { cause });
  }
}
