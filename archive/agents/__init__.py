"""The archive for language models: a server of the Model Context Protocol over ``Library``.

``answers`` says what a model is told, bounded and marked; ``server`` is the only file that knows
the SDK (extra ``mcp``) and is imported only by the commands that need it.
"""
