import type { Sentence } from '../../sentences';
import { alerts } from './alerts';
import { connectionTest } from './connection-test';
import { errors } from './errors';
import { fields } from './fields';
import { importing } from './import';
import { kafka } from './kafka';
import { log } from './log';
import { preCheck } from './pre-check';
import { running } from './running';
import { verification } from './verification';

/** Everything that the backend says, in simplified Chinese. */
export const sentences: Sentence[] = [
  ...preCheck,
  ...connectionTest,
  ...fields,
  ...importing,
  ...errors,
  ...running,
  ...verification,
  ...log,
  ...alerts,
  ...kafka,
];
