import pulumi

field = pulumi.StackReference(pulumi.Config().require("field"))
pulumi.export("chat_url", field.require_output("endpoint").apply(lambda endpoint: f"{endpoint}/chat/completions"))
