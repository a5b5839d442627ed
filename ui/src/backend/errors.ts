import type { AppError } from './bindings';

/** Whether something that was thrown is an error of the backend. */
export function isAppError(thrown: unknown): thrown is AppError {
  return (
    typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown && 'fields' in thrown
  );
}

/** Anything that was thrown, as the pages show errors. */
export function asAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, fields: [], retryable: true };
}
