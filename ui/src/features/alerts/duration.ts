/** Units that a person enters durations in. */
export type Unit = 'seconds' | 'minutes' | 'hours';

const SECONDS: Record<Unit, number> = { seconds: 1, minutes: 60, hours: 3600 };

/** A duration as it is being entered. */
export interface Duration {
  amount: string;
  unit: Unit;
}

/** `seconds` in the greatest unit that needs no fraction. */
export function readDuration(seconds: number): Duration {
  const unit: Unit =
    seconds > 0 && seconds % SECONDS.hours === 0 ? 'hours' : seconds > 0 && seconds % SECONDS.minutes === 0 ? 'minutes' : 'seconds';
  return { amount: String(seconds / SECONDS[unit]), unit };
}

/** Its seconds; 0, which no rule accepts, when it is no number. */
export function writeDuration(duration: Duration): number {
  const amount = Number(duration.amount.trim());
  return duration.amount.trim() === '' || !Number.isFinite(amount) ? 0 : Math.round(amount * SECONDS[duration.unit]);
}
