import { create } from 'zustand';

interface Watched {
  /** The last switch that was seen to run, or was asked for here: its result is shown until it is put away. */
  id: string | null;
}

const useWatched = create<Watched>(() => ({ id: null }));

export const watchSwitch = (id: string | null): void => useWatched.setState({ id });
export const useWatchedSwitch = (): string | null => useWatched(({ id }) => id);
