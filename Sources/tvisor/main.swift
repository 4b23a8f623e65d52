print("tvisor")
