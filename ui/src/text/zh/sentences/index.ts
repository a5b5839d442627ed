import type { Sentence } from '../../sentences';
import { alerts } from './alerts';
import { aws } from './aws';
import { bothWays } from './both-ways';
import { connect } from './connect';
import { connectionTest } from './connection-test';
import { cutover } from './cutover';
import { durability } from './durability';
import { endPosition } from './end-position';
import { errors } from './errors';
import { fields } from './fields';
import { groups } from './groups';
import { importing } from './import';
import { kafka } from './kafka';
import { log } from './log';
import { parity } from './parity';
import { places } from './places';
import { preCheck } from './pre-check';
import { readiness } from './readiness';
import { running } from './running';
import { sources } from './sources';
import { verification } from './verification';

/** Everything that the backend says, in simplified Chinese. */
export const sentences: Sentence[] = [
  ...preCheck,
  ...bothWays,
  ...durability,
  ...endPosition,
  ...connectionTest,
  ...aws,
  ...fields,
  ...importing,
  ...errors,
  ...running,
  ...sources,
  ...verification,
  ...groups,
  ...readiness,
  ...cutover,
  ...log,
  ...alerts,
  ...parity,
  ...places,
  ...connect,
  ...kafka,
];
