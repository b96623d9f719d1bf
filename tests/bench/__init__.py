"""What `script/bench` measures. A figure is a function with a decorator; docs/scaling.md says how to add one."""
