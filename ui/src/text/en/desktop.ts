/** What the shell asks and reports: closing the window, quitting. */
export const desktop = {
  closeTitle: 'Close the window?',
  closeText: 'Tasks can go on in the tray while the window is closed. This is asked once; the settings change it.',
  closeTextNoTray: 'This desktop shows no icons of programs, so the window can only be minimized while tasks go on. This is asked once; the settings change it.',
  keepRunning: 'Go on in the tray',
  minimize: 'Minimize',
  quit: 'Quit Sluice',
  quittingTitle: 'Sluice is quitting',
  quitting: (count: number) =>
    count === 0 ? 'All tasks have stopped at saved positions.' : count === 1 ? 'One task is stopping at a saved position…' : `${count} tasks are stopping at saved positions…`,
  quittingHint: 'They go on from there when Sluice starts again.',
};
