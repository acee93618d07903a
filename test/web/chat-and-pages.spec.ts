import { chatSpecs } from './chat-specs';
import { pageSpecs } from './page-specs';
import { describeUi } from './ui';

// One system for both: to start one takes as long as a dozen of these specs. It has no GPU to look at.
const ENV = { VLLM_SIM_TOKENS_PER_SECOND: '60', NVIDIA_SMI_COMMAND: '/nowhere/nvidia-smi' };

describeUi('the web UI in Chromium', ENV, (ui) => {
  describe('chats', () => chatSpecs(ui));
  describe('around the chat', () => pageSpecs(ui));
});
