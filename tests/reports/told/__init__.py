"""What each kind of report has to tell, counted anew for its reader, and what its workbook makes of that."""
