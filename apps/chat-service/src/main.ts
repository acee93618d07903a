import { runMain, startService } from '#common/service';
import { AppModule } from './app.module';
import { loadChatConfig } from './config';

runMain(async () => {
  const config = loadChatConfig(process.env);
  await startService('chat-service', AppModule.forRoot(config), config);
});
