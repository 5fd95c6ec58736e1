import { showToast } from "../../parts/toasts.js";
import { useAgentOptions } from "../keys/use_agent_options.js";
import dialogStyles from "../parts/dialog_body.module.css";
import { SelectField } from "../parts/fields.js";
import { FormDialog } from "../parts/form_dialog.js";
import { useAgentsText } from "./texts.js";
import { useHandOver } from "./use_hand_over.js";

interface HandOverDialogProps {
  agent: { id: string; name: string };
  onDone(): void;
  onClose(): void;
}

/** Gives the open conversations of an agent to a colleague, or unassigns them. */
export function HandOverDialog({ agent, onDone, onClose }: HandOverDialogProps) {
  const text = useAgentsText();
  const colleagues = useAgentOptions().filter(({ id }) => id !== agent.id);
  const { handOver, progress } = useHandOver(agent.id);
  const options = [
    { value: "", label: text.toNobody },
    ...colleagues.map(({ id, name }) => ({ value: id, label: name })),
  ];
  return (
    <FormDialog
      title={text.handOverTitle(agent.name)}
      submitLabel={text.handOver}
      onSubmit={async ({ assigneeId }) => {
        const { done, refused } = await handOver(assigneeId || null);
        onDone();
        if (done > 0) showToast(text.handedOver(done));
        const userErrors = refused > 0 ? [{ message: text.notHandedOver(refused), field: null }] : [];
        return { data: { handOver: { userErrors } } };
      }}
      onClose={onClose}
    >
      <SelectField name="assigneeId" label={text.handOverTo} hint={text.handOverHelp} options={options} />
      <p role="status" className={dialogStyles.help}>
        {progress > 0 && text.handingOver(progress)}
      </p>
    </FormDialog>
  );
}
