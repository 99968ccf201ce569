"""Who staff are, what each role may do, and how they are known at the door."""
