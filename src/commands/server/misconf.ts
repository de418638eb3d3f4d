import { errors } from '../../errors.ts';

/** What the data folder answers, where it cannot be written as Redis says so. @throws ServerError MISCONF with the reason. */
export async function orMisconf<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    throw errors.misconf((error as Error).message);
  }
}
