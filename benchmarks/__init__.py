"""What the project is measured by: figures of ours, beside the obvious rival and the floor."""
