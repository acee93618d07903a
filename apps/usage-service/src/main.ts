import { runMain, startService } from '#common/service';
import { usageServiceModule } from './app.module';
import { loadSettings } from './config';

runMain(async () => {
  const settings = loadSettings(process.env);
  await startService('usage-service', usageServiceModule(settings), settings);
});
