import { runMain, startService } from '#common/service';
import { modelManagerModule } from './app.module';
import { loadSettings } from './config';

runMain(async () => {
  const settings = loadSettings(process.env);
  await startService('model-manager', modelManagerModule(settings), settings);
});
