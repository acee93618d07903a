import { runMain, startService } from '#common/service';
import { modelManagerModule } from './app.module';
import { LeadershipService } from './leadership/leadership.service';
import { loadSettings } from './config';

runMain(async () => {
  const settings = loadSettings(process.env);
  // One that stands by takes no commands: they would be dealt out to it as well.
  await startService(
    'model-manager',
    modelManagerModule(settings),
    settings,
    (app) => app.get(LeadershipService).leads,
  );
});
